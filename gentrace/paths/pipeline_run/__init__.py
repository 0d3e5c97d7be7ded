"""Path `/pipeline-run` of the document."""
