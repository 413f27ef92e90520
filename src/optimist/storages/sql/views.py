"""The trials as plain tables, for people who look with SQL.

The views read the JSON documents; they cost what they show, and nothing in Optimist reads them.

    optimist_view_trials                study, number, state, value, is_feasible, started, completed
    optimist_view_params                study, number, position, name, value, distribution
    optimist_view_values                study, number, objective, value
    optimist_view_intermediate_values   study, number, step, value
    optimist_view_attrs                 study, number (NULL: of the study), is_system, name, type, value
    optimist_view_documents             what the others read: all that was said of a trial, running ones included
"""

from __future__ import annotations

from typing import Final

from sqlalchemy.engine import Connection

_SQLITE: Final = {
    "optimist_view_trials": """
        SELECT s.name AS study, t.number,
            CASE t.state
                WHEN 0 THEN 'RUNNING' WHEN 1 THEN 'COMPLETE' WHEN 2 THEN 'PRUNED' WHEN 3 THEN 'FAIL' WHEN 4 THEN 'WAITING'
            END AS state,
            t.value, t.is_feasible,
            strftime('%Y-%m-%d %H:%M:%f', t.started_us / 1e6, 'unixepoch') AS started,
            strftime('%Y-%m-%d %H:%M:%f', t.completed_us / 1e6, 'unixepoch') AS completed
        FROM optimist_trials t JOIN optimist_studies s ON s.study_id = t.study_id
    """,
    "optimist_view_documents": """
        SELECT s.study_id, s.name AS study, d.number, d.document
        FROM (
            SELECT study_id, number, document FROM optimist_trials WHERE document IS NOT NULL
            UNION ALL
            SELECT study_id, number, document FROM optimist_changes
        ) d JOIN optimist_studies s ON s.study_id = d.study_id
    """,
    "optimist_view_params": """
        SELECT d.study, d.number, p.key AS position, n.name,
            CASE WHEN json_valid(n.distribution) AND json_extract(n.distribution, '$.attributes.choices') IS NOT NULL
                THEN json_extract(n.distribution, '$.attributes.choices[' || p.value || ']')
                ELSE p.value
            END AS value,
            n.distribution
        FROM optimist_view_documents d, json_each(d.document, '$.params') p
        JOIN optimist_distributions n
            ON n.study_id = d.study_id AND n.distribution_id = json_extract(d.document, '$.space[' || p.key || ']')
    """,
    "optimist_view_values": """
        SELECT d.study, d.number, v.key AS objective, v.value
        FROM optimist_view_documents d, json_each(d.document, '$.values') v
    """,
    "optimist_view_intermediate_values": """
        SELECT d.study, d.number, json_extract(d.document, '$.steps[' || r.key || ']') AS step, r.value
        FROM optimist_view_documents d, json_each(d.document, '$.reports') r
    """,
    "optimist_view_attrs": """
        SELECT d.study, d.number, 0 AS is_system, a.key AS name, a.type, a.value
        FROM optimist_view_documents d, json_each(d.document, '$.user_attrs') a
        UNION ALL
        SELECT d.study, d.number, 1, a.key, a.type, a.value
        FROM optimist_view_documents d, json_each(d.document, '$.system_attrs') a
        UNION ALL
        SELECT s.name, NULL, a.is_system, a.name, json_type(a.value), json_extract(a.value, '$')
        FROM optimist_study_attrs a JOIN optimist_studies s ON s.study_id = a.study_id
    """,
}

VIEWS: Final = {"sqlite": _SQLITE}
"""By the kind of database, name and query of each view."""


def create_views(connection: Connection) -> None:
    """Make all views."""
    for name, query in VIEWS[connection.dialect.name].items():
        connection.exec_driver_sql(f"CREATE VIEW {name} AS {query}")


def drop_views(connection: Connection) -> None:
    """Remove the views that are there."""
    for name in VIEWS[connection.dialect.name]:
        connection.exec_driver_sql(f"DROP VIEW IF EXISTS {name}")
