"""Handwritten digits that come along with scikit-learn: small, no download."""

from sklearn import datasets
from sklearn.utils import Bunch


def load_digits() -> Bunch:
    """Load scikit-learn's handwritten digits, 8 x 8 pixels each.

    Returns
    -------
    sklearn.utils.Bunch
        data : ndarray of shape (1797, 64), float64
            One image a row, intensities 0 to 16 (counts of black pixels, no unit).
        target : ndarray of shape (1797,), int64
            The digit, 0 to 9.
        images : ndarray of shape (1797, 8, 8), float64
            The same images as squares.
        image_shape : tuple of int
            ``(8, 8)``.
        feature_names : list of str
            ``pixel_<row>_<column>``.
        DESCR : str
            Origin and description.

    References
    ----------
    .. [1] E. Alpaydin, C. Kaynak (1998). Optical Recognition of Handwritten Digits. UCI Machine
       Learning Repository. https://doi.org/10.24432/C50P49

    Examples
    --------
    >>> from bioplastic.datasets import load_digits
    >>> digits = load_digits()
    >>> digits.data.shape, digits.image_shape
    ((1797, 64), (8, 8))
    """
    digits = datasets.load_digits()
    return Bunch(
        data=digits.data,
        target=digits.target,
        images=digits.images,
        image_shape=digits.images.shape[1:],
        feature_names=digits.feature_names,
        DESCR=digits.DESCR,
    )
