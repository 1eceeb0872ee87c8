#!/bin/sh
# Gives Airflow's account its password and starts the api-server.
set -eu
umask 077
python -c 'import json, os; print(json.dumps({"admin": os.environ["AIRFLOW_PASSWORD"]}))' >"$AIRFLOW_HOME/passwords.json"
unset AIRFLOW_PASSWORD
exec airflow api-server
