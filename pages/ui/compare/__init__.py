"""The Compare page: studies, their table, patients, slices and curves."""
