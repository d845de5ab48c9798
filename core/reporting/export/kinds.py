"""The names of the formats, and what their files are called."""

from enum import StrEnum


class Kind(StrEnum):
    """The formats."""

    NIFTI = "nifti"
    NRRD = "nrrd"
    DICOMSEG = "dicomseg"
    RTSTRUCT = "rtstruct"
    STL = "stl"
    OBJ = "obj"
    PNG = "png"
    CSV = "csv"
    COCO = "coco"


NAMES_PATIENT = (Kind.DICOMSEG, Kind.RTSTRUCT)
"""The formats that take the patient's name and number from the source series."""
SUFFIXES: dict[Kind, str] = {
    Kind.NIFTI: ".nii.gz",
    Kind.NRRD: ".seg.nrrd",
    Kind.DICOMSEG: ".dcm",
    Kind.RTSTRUCT: ".dcm",
    Kind.STL: ".stl",
    Kind.OBJ: ".obj",
    Kind.PNG: ".zip",
    Kind.CSV: ".csv",
    Kind.COCO: ".json",
}
