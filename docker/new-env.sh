#!/bin/sh
# Writes .env from .env.example with every empty secret generated: docker/new-env.sh /path/to/music
set -eu
cd -- "$(dirname -- "$0")/.."

music=${1:-}
[ -d "$music" ] || { echo "Which folder holds the music? For example: docker/new-env.sh /srv/music" >&2; exit 2; }
[ ! -e .env ] || { echo ".env is there already and stays as it is." >&2; exit 2; }

music=$(cd -- "$music" && pwd -P)
owner=$(stat -c %u -- "$music" 2>/dev/null || stat -f %u -- "$music")
umask 077
while IFS= read -r line; do
    case $line in
    MUSIC_FOLDER=) echo "MUSIC_FOLDER='$music'" ;;
    # A folder of root's is usually readable for everybody; the image's own user is never root.
    MUSIC_UID=*) [ "$owner" = 0 ] && echo "$line" || echo "MUSIC_UID=$owner" ;;
    AIRFLOW_FERNET_KEY=) echo "$line$(head -c 32 /dev/urandom | base64 | tr '+/' '-_')" ;;
    *_PASSWORD= | *_KEY= | *_SECRET=) echo "$line$(od -An -tx1 -v -N24 /dev/urandom | tr -d ' \n')" ;;
    *) printf '%s\n' "$line" ;;
    esac
done <.env.example >.env
echo ".env is written. Next: docker compose up --build --detach --wait" >&2
echo "The web app's account is admin with ADMIN_PASSWORD, Airflow's is admin with AIRFLOW_PASSWORD; both stand in .env." >&2
