"""Who should take a ticket: by skills, hours and load. Pure; tried in a simulation, not yet part of the pipeline."""
