#!/bin/sh
# Starts MongoDB as a replica set of one. Members of a set that asks for passwords know each other by a key file, which
# must belong to the server's user alone.
set -eu
install -o mongodb -g mongodb -m 400 /dev/null /tmp/replica.key
printf '%s' "$MONGO_REPLICA_KEY" >/tmp/replica.key
exec docker-entrypoint.sh mongod --replSet earwise --keyFile /tmp/replica.key --bind_ip_all
