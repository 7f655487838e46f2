#!/bin/sh
# HAProxy before nginx, with little but its defaults.
#
#     sh haproxy.sh PORT
#
# This process becomes HAProxy; nginx is its child, and ends with it (setpriv: util-linux).

set -e
here=$(cd "$(dirname "$0")" && pwd)
scratch=${TMPDIR:-/tmp}/conform-haproxy
mkdir -p "$scratch"
socket=$scratch/$1.socket
rm -f "$socket"
setpriv --pdeathsig KILL sh "$here/nginx.sh" "unix:$socket" &

cat > "$scratch/$1.conf" <<END
defaults
    mode http
    timeout client 60s
    timeout connect 5s
    timeout server 60s
frontend clients
    bind 127.0.0.1:$1
    default_backend behind
backend behind
    server nginx unix@$socket
END
while [ ! -S "$socket" ]; do sleep 0.02; done
exec haproxy -db -f "$scratch/$1.conf"
