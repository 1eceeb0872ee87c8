#!/bin/sh
# Prepares Airflow's database, and the pool of extract_features unless there is one; safe to repeat.
set -eu
airflow db migrate
airflow pools get extraction >/dev/null 2>&1 || airflow pools set extraction 1 "One slot for each machine that analyses tracks"
