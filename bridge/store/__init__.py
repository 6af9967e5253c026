"""What the bridge keeps: tables, migrations, one writer, many readers."""
