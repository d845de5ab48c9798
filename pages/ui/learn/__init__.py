"""The Learn page: data, models and settings, trainings and searches."""
