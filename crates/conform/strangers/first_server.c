/* A first server of the frames protocol in C, with the mistakes that are usual in one. Find them with

       cc -o first_server crates/conform/strangers/first_server.c
       cargo xtask check --cmd './first_server {port}'

   * One recv is taken for one message: a frame that comes in two pieces is two pieces of nothing.
   * The buffer is taken for a string: a NUL byte ends it (strchr, sscanf), whatever comes behind.
   * sscanf("%lu") takes a sign, white space and what is too large, and ignores what is behind.
   * The result of send is not looked at, and SIGPIPE is not ignored: a client that vanishes before
     its second reply ends the server.
   * One client at a time: one that is silent keeps all others waiting.
   * Nothing is done about SIGTERM. */

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int is_prime(unsigned long n)
{
    if (n < 2)
        return 0;
    for (unsigned long d = 2; d <= n / d; d++)
        if (n % d == 0)
            return 0;
    return 1;
}

static void answer(int client, char *frame)
{
    unsigned long n;

    if (frame[0] != 'P') {
        for (char *c = frame; *c; c++)
            *c += 1;
        send(client, frame, strlen(frame), 0);
    } else if (sscanf(frame + 1, "%lu", &n) == 1) {
        const char *text = is_prime(n) ? "prime\n" : "composite\n";
        send(client, text, strlen(text), 0);
    } else {
        send(client, "error: no digits\n", 17, 0);
    }
}

static void serve(int client)
{
    char buffer[1024];
    ssize_t n;

    send(client, "*", 1, 0);
    while ((n = recv(client, buffer, sizeof buffer - 1, 0)) > 0) {
        char *start = buffer, *end;

        buffer[n] = '\0';
        while ((start = strchr(start, '^')) && (end = strchr(start, '$'))) {
            *end = '\0';
            answer(client, start + 1);
            start = end + 1;
        }
    }
    close(client);
}

int main(int argc, char **argv)
{
    struct sockaddr_in address = { .sin_family = AF_INET };
    int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1;

    if (argc != 2) {
        fprintf(stderr, "usage: %s PORT\n", argv[0]);
        return 1;
    }
    address.sin_port = htons(atoi(argv[1]));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 16)) {
        perror("listening");
        return 1;
    }
    for (;;) {
        int client = accept(listener, NULL, NULL);

        if (client >= 0)
            serve(client);
    }
}
