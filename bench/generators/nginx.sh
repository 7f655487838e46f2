#!/bin/sh
# nginx for `cargo xtask generators`: one worker, the same small page as `GET /plain` of the steps, and a
# page that counts what was answered.
#
#     sh nginx.sh PORT DIRECTORY
#
# What it writes goes into the directory.
# Nothing but the pages costs time: no log, and a connection may ask as often as it likes.

set -e
scratch=$2

cat > "$scratch/$1.conf" <<END
daemon off;
worker_processes 1;
pid $scratch/$1.pid;
error_log stderr crit;
events { worker_connections 1024; }
http {
    access_log off;
    sendfile off;
    keepalive_requests 1000000000;
    keepalive_timeout 3600s;
    client_body_temp_path $scratch/body;
    proxy_temp_path $scratch/proxy;
    fastcgi_temp_path $scratch/fastcgi;
    uwsgi_temp_path $scratch/uwsgi;
    scgi_temp_path $scratch/scgi;
    server {
        listen 127.0.0.1:$1;
        location = /plain {
            default_type text/plain;
            return 200 "Hello, World!";
        }
        location = /status {
            stub_status;
        }
    }
}
END
exec nginx -e stderr -c "$scratch/$1.conf"
