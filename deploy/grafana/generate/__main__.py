"""`python -m deploy.grafana.generate`: write each dashboard to deploy/grafana/dashboards, and remove old ones."""

from deploy.grafana.generate.write import FOLDER, documents

for old in FOLDER.glob("*.json"):
    old.unlink()
for name, text in documents().items():
    (FOLDER / name).write_text(text, "utf-8")
