from .export import export_csv as export_csv
from .export import export_json as export_json
from .export import export_parquet as export_parquet
from .html import html_report as html_report
from .markdown import markdown_report as markdown_report
from .write import write_report as write_report
