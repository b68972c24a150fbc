//! A document taken apart into rows, put together again, and led from one version to another.
