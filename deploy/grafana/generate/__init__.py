"""The dashboards as code. `make dashboards` writes what this package says to deploy/grafana/dashboards."""
