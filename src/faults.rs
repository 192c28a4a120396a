//! Named kill points.
