"""Attendance rules, pure: from punches and what people decide to days and months."""
