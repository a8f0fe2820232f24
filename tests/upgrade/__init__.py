"""State and data of earlier releases under the code as it is: docs/upgrading.md."""
