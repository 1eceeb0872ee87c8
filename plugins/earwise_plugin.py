"""What Earwise adds to Airflow's pages: the way to the web app, and from a training task to its model."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from airflow.plugins_manager import AirflowPlugin
from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator
from airflow.sdk import BaseOperatorLink

from earwise.settings import Settings

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator
    from airflow.sdk.types import TaskInstanceKey


def _icon(colour: str) -> str:
    """Bars of a sound as a data URL, so that the page asks no other host for it."""
    bars = "M4 10v4M8 6v12M12 3v18M16 7v10M20 10v4"
    drawing = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none" stroke="{colour}" '
        f'stroke-width="2" stroke-linecap="round"><path d="{bars}"/></svg>'
    )
    return "data:image/svg+xml," + quote(drawing)


class ModelLink(BaseOperatorLink):
    """From the training task to the page of the model that it trained.

    A link that a plugin lends to a provider's operator is worked out by the api-server when the page is looked at,
    so it reads the model's id from the metadata database. (Links that an operator class brings itself are pushed by the
    task when it ends.)
    """

    name = "Model"
    operators = [SparkSubmitOperator]  # noqa: RUF012 - the base class's attribute

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        """The model's page in the web app; empty for any other task and before the run has a model."""
        if (ti_key.dag_id, ti_key.task_id) != ("train_clusters", "train"):
            return ""
        model_id = _returned_value(ti_key.dag_id, ti_key.run_id, "plan")
        return f"{Settings.from_env().public_web_url}/admin/models/{quote(model_id, safe='')}" if model_id else ""


def _returned_value(dag_id: str, run_id: str, task_id: str) -> str:
    """What a task of a Dag run returned, if that is a text."""
    from airflow.models.xcom import XCOM_RETURN_KEY, XComModel
    from airflow.utils.session import create_session

    query = XComModel.get_many(run_id=run_id, key=XCOM_RETURN_KEY, dag_ids=dag_id, task_ids=task_id, limit=1)
    with create_session() as session:
        value = session.execute(query.with_only_columns(XComModel.value)).scalar()
    return value if isinstance(value, str) else ""


class EarwisePlugin(AirflowPlugin):
    """Registers the two with Airflow."""

    name = "earwise"
    # Without a url_route the entry opens the web app in its own tab; a frame would be refused by the web app.
    external_views = [  # noqa: RUF012 - the base class's attribute
        {
            "name": "Earwise",
            "href": Settings.from_env().public_web_url,
            "destination": "nav",
            "nav_top_level": True,
            "icon": _icon("#3f3f46"),
            "icon_dark_mode": _icon("#e4e4e7"),
        }
    ]
    operator_extra_links = [ModelLink()]  # noqa: RUF012 - the base class's attribute
