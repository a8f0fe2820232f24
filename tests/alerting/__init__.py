"""What the tests of alerting share: the rule files as structs, Prometheus' programs, and a receiver of webhooks."""
