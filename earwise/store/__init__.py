"""MongoDB: one repository module per family of documents. Only this package imports pymongo."""

from earwise.store.client import Store, open_store

__all__ = ["Store", "open_store"]
