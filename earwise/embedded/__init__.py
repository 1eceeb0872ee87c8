"""The no-install stack: MongoDB-protocol server, Airflow and web app as processes of one machine."""
