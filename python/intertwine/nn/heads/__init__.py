"""The last layers of networks: from fields on space to an answer for the whole."""
