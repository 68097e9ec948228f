"""The portal: the pages and the API that people and programs use; it writes SQL, holds no Docker."""
