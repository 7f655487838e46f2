// The frames protocol in C: a thread for each client, and the state of its conversation on the
// stack of that thread.
//     cc -O2 -pthread -o my-server my-server.c
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void not_a_digit(FILE *out, int byte) {
    const char *bytes = "\t\n\r'\"\\", *letters = "tnr'\"\\", *at = memchr(bytes, byte, 6);
    fputs("error: '", out);
    if (at) fprintf(out, "\\%c", letters[at - bytes]);
    else fprintf(out, byte < 32 || byte > 126 ? "\\x%02x" : "%c", byte);
    fputs("' is not a digit\n", out);
}

static const char *prime(uint64_t n) {
    for (uint64_t divisor = 2; divisor <= n / divisor; divisor++)
        if (n % divisor == 0) return "composite\n";
    return n >= 2 ? "prime\n" : "composite\n";
}

static void *serve(void *argument) {
    int client = (intptr_t)argument;
    FILE *out = fdopen(client, "w"); // It collects what is answered until `fflush`.
    enum { OUTSIDE, OPENED, ECHO, NO_DIGITS, NUMBER, SKIP } state = OUTSIDE;
    uint64_t number = 0;
    unsigned char received[4096];
    fputc('*', out);
    for (ssize_t n; fflush(out) == 0 && (n = read(client, received, sizeof received)) > 0;) {
        for (unsigned char *at = received; at < received + n; at++) {
            if (state == OUTSIDE) {
                state = *at == '^' ? OPENED : OUTSIDE;
            } else if (*at == '$') {
                if (state == NO_DIGITS) fputs("error: no digits\n", out);
                if (state == NUMBER) fputs(prime(number), out);
                state = OUTSIDE;
            } else if (state == OPENED && *at == 'P') {
                state = NO_DIGITS, number = 0;
            } else if (state == OPENED || state == ECHO) {
                state = ECHO;
                fputc(*at + 1, out); // It takes the number for a byte: after 255 comes 0.
            } else if (state != SKIP && (*at < '0' || *at > '9')) {
                state = SKIP;
                not_a_digit(out, *at);
            } else if (state != SKIP) {
                int digit = *at - '0';
                int fits = number <= (UINT64_MAX - digit) / 10;
                state = fits ? NUMBER : SKIP;
                number = number * 10 + digit;
                if (!fits) fputs("error: over 18446744073709551615\n", out);
            }
        }
    }
    fclose(out);
    return NULL;
}

int main(int argc, char **argv) {
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    addr.sin_port = htons(atoi(argc > 1 ? argv[1] : "0"));
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, (struct sockaddr *)&addr, sizeof addr) || listen(listener, 128)) {
        perror("my-server");
        return 1;
    }
    signal(SIGPIPE, SIG_IGN); // To write to a client that has left is an error, and no end.
    for (;;) {
        int client = accept(listener, NULL, NULL);
        pthread_t thread;
        if (client < 0) {
            usleep(10000); // Out of descriptors, perhaps: somebody will leave.
            continue;
        }
        if (pthread_create(&thread, NULL, serve, (void *)(intptr_t)client)) close(client);
        else pthread_detach(thread);
    }
}
