#!/bin/sh
# nginx with little but its defaults: the files of crates/conform/public, and a page that is written in
# its configuration.
#
#     sh nginx.sh PORT
#     sh nginx.sh unix:/path/to/socket
#
# One process, so that whoever started it ends all of it.

set -e
files=$(cd "$(dirname "$0")/../public" && pwd)
scratch=${TMPDIR:-/tmp}/conform-nginx
mkdir -p "$scratch"
case $1 in
    unix:*) listen=$1 name=$(basename "$1") ;;
    *) listen=127.0.0.1:$1 name=$1 ;;
esac

cat > "$scratch/$name.conf" <<END
daemon off;
master_process off;
pid $scratch/$name.pid;
error_log stderr crit;
events { }
http {
    access_log off;
    client_body_temp_path $scratch/body;
    proxy_temp_path $scratch/proxy;
    fastcgi_temp_path $scratch/fastcgi;
    uwsgi_temp_path $scratch/uwsgi;
    scgi_temp_path $scratch/scgi;
    types { text/plain txt; }
    server {
        listen $listen;
        root $files;
        location = /plain {
            default_type text/plain;
            return 200 "Hello, World!";
        }
    }
}
END
exec nginx -e stderr -c "$scratch/$name.conf"
