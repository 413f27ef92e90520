"""The trials as plain tables, for people who look with SQL.

The views read the JSON documents; they cost what they show, and nothing in Optimist reads them.

    optimist_view_trials                study, number, state, value, is_feasible, void, started, completed
    optimist_view_params                study, number, position, name, value, distribution
    optimist_view_values                study, number, objective, value
    optimist_view_intermediate_values   study, number, step, value
    optimist_view_intermediate_metrics  study, number, step, name, value: where metrics have names, all of them
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
            t.value, t.is_feasible, t.void,
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
    "optimist_view_intermediate_metrics": """
        SELECT d.study, d.number, json_extract(d.document, '$.steps[' || r.key || ']') AS step,
            json_extract(d.document, '$.metrics[0]') AS name, r.value
        FROM optimist_view_documents d, json_each(d.document, '$.reports') r
        WHERE json_extract(d.document, '$.metrics[0]') IS NOT NULL
        UNION ALL
        SELECT d.study, d.number, json_extract(d.document, '$.steps[' || v.key || ']'),
            json_extract(d.document, '$.metrics[' || (m.key + 1) || ']'), v.value
        FROM optimist_view_documents d, json_each(d.document, '$.more') m, json_each(m.value) v
        WHERE v.type <> 'null'
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

# What stands in the views of servers: NaN is NULL in MySQL, whose numbers have none, and infinities are its largest.
_STATE = """
    CASE t.state
        WHEN 0 THEN 'RUNNING' WHEN 1 THEN 'COMPLETE' WHEN 2 THEN 'PRUNED' WHEN 3 THEN 'FAIL' WHEN 4 THEN 'WAITING'
    END AS state
"""

_MYSQL_NUMBER = """
    CASE v.value
        WHEN 'NaN' THEN NULL
        WHEN 'Infinity' THEN 1.7976931348623157e308
        WHEN '-Infinity' THEN -1.7976931348623157e308
        ELSE v.value + 0.0
    END AS value
"""

_MYSQL_ATTRS = """
    SELECT d.study, d.number, {is_system} AS is_system, k.name,
        JSON_TYPE(JSON_EXTRACT(d.document, {path})) AS type,
        JSON_UNQUOTE(JSON_EXTRACT(d.document, {path})) AS value
    FROM optimist_view_documents d
    JOIN JSON_TABLE(JSON_KEYS(d.document, '$.{attrs}'), '$[*]' COLUMNS (name TEXT PATH '$')) k
"""


def _mysql_attrs(attrs: str, is_system: int) -> str:
    escaped = r"""REPLACE(REPLACE(k.name, '\\', '\\\\'), '"', '\\"')"""
    path = f"""CONCAT('$.{attrs}."', {escaped}, '"')"""
    return _MYSQL_ATTRS.format(attrs=attrs, is_system=is_system, path=path)


_MYSQL: Final = {
    "optimist_view_trials": f"""
        SELECT s.name AS study, t.number, {_STATE}, t.value, t.is_feasible, t.void,
            TIMESTAMPADD(MICROSECOND, t.started_us, TIMESTAMP'1970-01-01 00:00:00.000000') AS started,
            TIMESTAMPADD(MICROSECOND, t.completed_us, TIMESTAMP'1970-01-01 00:00:00.000000') AS completed
        FROM optimist_trials t JOIN optimist_studies s ON s.study_id = t.study_id
    """,
    "optimist_view_documents": _SQLITE["optimist_view_documents"],
    "optimist_view_params": """
        SELECT d.study, d.number, p.position - 1 AS position, n.name,
            CASE WHEN JSON_EXTRACT(n.distribution, '$.attributes.choices') IS NOT NULL
                THEN JSON_UNQUOTE(JSON_EXTRACT(n.distribution, CONCAT('$.attributes.choices[', p.value, ']')))
                ELSE p.value
            END AS value,
            n.distribution
        FROM optimist_view_documents d
        JOIN JSON_TABLE(d.document, '$.params[*]' COLUMNS (position FOR ORDINALITY, value TEXT PATH '$')) p
        JOIN JSON_TABLE(d.document, '$.space[*]' COLUMNS (position FOR ORDINALITY, id BIGINT PATH '$')) s
            ON s.position = p.position
        JOIN optimist_distributions n ON n.study_id = d.study_id AND n.distribution_id = s.id
    """,
    "optimist_view_values": f"""
        SELECT d.study, d.number, v.position - 1 AS objective, {_MYSQL_NUMBER}
        FROM optimist_view_documents d
        JOIN JSON_TABLE(d.document, '$.values[*]' COLUMNS (position FOR ORDINALITY, value TEXT PATH '$')) v
    """,
    "optimist_view_intermediate_values": f"""
        SELECT d.study, d.number, s.step, {_MYSQL_NUMBER}
        FROM optimist_view_documents d
        JOIN JSON_TABLE(d.document, '$.reports[*]' COLUMNS (position FOR ORDINALITY, value TEXT PATH '$')) v
        JOIN JSON_TABLE(d.document, '$.steps[*]' COLUMNS (position FOR ORDINALITY, step BIGINT PATH '$')) s
            ON s.position = v.position
    """,
    "optimist_view_intermediate_metrics": f"""
        SELECT d.study, d.number, s.step, JSON_UNQUOTE(JSON_EXTRACT(d.document, '$.metrics[0]')) AS name, {_MYSQL_NUMBER}
        FROM optimist_view_documents d
        JOIN JSON_TABLE(d.document, '$.reports[*]' COLUMNS (position FOR ORDINALITY, value TEXT PATH '$')) v
        JOIN JSON_TABLE(d.document, '$.steps[*]' COLUMNS (position FOR ORDINALITY, step BIGINT PATH '$')) s
            ON s.position = v.position
        WHERE JSON_EXTRACT(d.document, '$.metrics[0]') IS NOT NULL
        UNION ALL
        SELECT d.study, d.number, s.step, m.name, {_MYSQL_NUMBER}
        FROM optimist_view_documents d
        JOIN JSON_TABLE(d.document, '$.metrics[*]' COLUMNS (position FOR ORDINALITY, name TEXT PATH '$')) m
        JOIN JSON_TABLE(d.document, '$.more[*]' COLUMNS (
            metric FOR ORDINALITY, NESTED PATH '$[*]' COLUMNS (position FOR ORDINALITY, value TEXT PATH '$')
        )) v ON v.metric = m.position - 1
        JOIN JSON_TABLE(d.document, '$.steps[*]' COLUMNS (position FOR ORDINALITY, step BIGINT PATH '$')) s
            ON s.position = v.position
        WHERE v.value IS NOT NULL
    """,
    "optimist_view_attrs": f"""
        {_mysql_attrs("user_attrs", 0)}
        UNION ALL
        {_mysql_attrs("system_attrs", 1)}
        UNION ALL
        SELECT s.name, NULL, a.is_system, a.name, JSON_TYPE(a.value), JSON_UNQUOTE(a.value)
        FROM optimist_study_attrs a JOIN optimist_studies s ON s.study_id = a.study_id
    """,
}

_POSTGRESQL_VALUE = """
    json_typeof(a.value) AS type,
    CASE WHEN strpos(a.value::text, '\\u0000') > 0 THEN a.value::text ELSE a.value #>> '{}' END AS value
"""

_POSTGRESQL: Final = {
    "optimist_view_trials": f"""
        SELECT s.name AS study, t.number, {_STATE}, t.value, t.is_feasible, t.void,
            to_timestamp(t.started_us / 1e6) AT TIME ZONE 'UTC' AS started,
            to_timestamp(t.completed_us / 1e6) AT TIME ZONE 'UTC' AS completed
        FROM optimist_trials t JOIN optimist_studies s ON s.study_id = t.study_id
    """,
    "optimist_view_documents": """
        SELECT s.study_id, s.name AS study, d.number, d.document::json AS document
        FROM (
            SELECT study_id, number, document FROM optimist_trials WHERE document IS NOT NULL
            UNION ALL
            SELECT study_id, number, document FROM optimist_changes
        ) d JOIN optimist_studies s ON s.study_id = d.study_id
    """,
    "optimist_view_params": """
        SELECT d.study, d.number, p.position - 1 AS position, n.name,
            CASE WHEN n.distribution::json #> '{attributes,choices}' IS NOT NULL
                THEN n.distribution::json #> '{attributes,choices}' ->> p.value::int
                ELSE p.value
            END AS value,
            n.distribution
        FROM optimist_view_documents d
        CROSS JOIN LATERAL json_array_elements_text(d.document -> 'params') WITH ORDINALITY AS p (value, position)
        JOIN optimist_distributions n ON n.study_id = d.study_id
            AND n.distribution_id = (d.document -> 'space' ->> (p.position - 1)::int)::bigint
    """,
    "optimist_view_values": """
        SELECT d.study, d.number, v.position - 1 AS objective, v.value::double precision AS value
        FROM optimist_view_documents d
        CROSS JOIN LATERAL json_array_elements_text(d.document -> 'values') WITH ORDINALITY AS v (value, position)
    """,
    "optimist_view_intermediate_values": """
        SELECT d.study, d.number, (d.document -> 'steps' ->> (v.position - 1)::int)::bigint AS step,
            v.value::double precision AS value
        FROM optimist_view_documents d
        CROSS JOIN LATERAL json_array_elements_text(d.document -> 'reports') WITH ORDINALITY AS v (value, position)
    """,
    "optimist_view_intermediate_metrics": """
        SELECT d.study, d.number, (d.document -> 'steps' ->> (v.position - 1)::int)::bigint AS step,
            d.document -> 'metrics' ->> 0 AS name, v.value::double precision AS value
        FROM optimist_view_documents d
        CROSS JOIN LATERAL json_array_elements_text(d.document -> 'reports') WITH ORDINALITY AS v (value, position)
        WHERE d.document -> 'metrics' ->> 0 IS NOT NULL
        UNION ALL
        SELECT d.study, d.number, (d.document -> 'steps' ->> (v.position - 1)::int)::bigint,
            d.document -> 'metrics' ->> m.position::int, v.value::double precision
        FROM optimist_view_documents d
        CROSS JOIN LATERAL json_array_elements(d.document -> 'more') WITH ORDINALITY AS m (curve, position)
        CROSS JOIN LATERAL json_array_elements_text(m.curve) WITH ORDINALITY AS v (value, position)
        WHERE v.value IS NOT NULL
    """,
    "optimist_view_attrs": f"""
        SELECT d.study, d.number, 0 AS is_system, a.key AS name, {_POSTGRESQL_VALUE}
        FROM optimist_view_documents d CROSS JOIN LATERAL json_each(d.document -> 'user_attrs') a
        UNION ALL
        SELECT d.study, d.number, 1, a.key, {_POSTGRESQL_VALUE}
        FROM optimist_view_documents d CROSS JOIN LATERAL json_each(d.document -> 'system_attrs') a
        UNION ALL
        SELECT a.study, NULL, a.is_system, a.name, {_POSTGRESQL_VALUE}
        FROM (
            SELECT s.name AS study, t.is_system, t.name, t.value::json AS value
            FROM optimist_study_attrs t JOIN optimist_studies s ON s.study_id = t.study_id
        ) a
    """,
}

VIEWS: Final = {"sqlite": _SQLITE, "mysql": _MYSQL, "mariadb": _MYSQL, "postgresql": _POSTGRESQL}
"""By the kind of database, name and query of each view."""


def create_views(connection: Connection) -> None:
    """Make all views."""
    for name, query in _views(connection):
        connection.exec_driver_sql(f"CREATE VIEW {name} AS {query}")


def drop_views(connection: Connection) -> None:
    """Remove the views that are there."""
    for name, _ in reversed(_views(connection)):  # those that read another one first
        connection.exec_driver_sql(f"DROP VIEW IF EXISTS {name}")


def _views(connection: Connection) -> list[tuple[str, str]]:
    return list(VIEWS[connection.dialect.name].items())
