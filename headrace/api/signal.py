"""`tf.signal`: Fourier and cosine transforms, framing, windows, spectrograms. Signals run along the last
dimension."""

from __future__ import annotations

from .signal_fourier import (
    fft,
    fft2d,
    fft3d,
    fftnd,
    fftshift,
    ifft,
    ifft2d,
    ifft3d,
    ifftnd,
    ifftshift,
    irfft,
    irfft2d,
    irfft3d,
    irfftnd,
    rfft,
    rfft2d,
    rfft3d,
    rfftnd,
)
from .signal_frames import frame, overlap_and_add
from .signal_spectra import (
    dct,
    idct,
    inverse_mdct,
    inverse_stft,
    inverse_stft_window_fn,
    linear_to_mel_weight_matrix,
    mdct,
    mfccs_from_log_mel_spectrograms,
    stft,
)
from .signal_windows import (
    hamming_window,
    hann_window,
    kaiser_bessel_derived_window,
    kaiser_window,
    vorbis_window,
)

__all__ = [
    "fft",
    "ifft",
    "fft2d",
    "ifft2d",
    "fft3d",
    "ifft3d",
    "rfft",
    "irfft",
    "rfft2d",
    "irfft2d",
    "rfft3d",
    "irfft3d",
    "fftnd",
    "ifftnd",
    "rfftnd",
    "irfftnd",
    "fftshift",
    "ifftshift",
    "dct",
    "idct",
    "mdct",
    "inverse_mdct",
    "hann_window",
    "hamming_window",
    "kaiser_window",
    "kaiser_bessel_derived_window",
    "vorbis_window",
    "frame",
    "overlap_and_add",
    "stft",
    "inverse_stft",
    "inverse_stft_window_fn",
    "linear_to_mel_weight_matrix",
    "mfccs_from_log_mel_spectrograms",
]
ROOT = ["fftnd", "ifftnd", "rfftnd", "irfftnd"]
