"""The web app, asked by Flask's client on a real store."""
