"""DICOM series: headers, series and passes, order along the body, and pixels."""
