"""Service guides (办事指南): their files, their HTML, and finding one."""
