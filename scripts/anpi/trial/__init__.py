"""The words of a trial that several rooms share: endpoints, sets, subtypes, times."""
