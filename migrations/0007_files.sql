-- One file may have many paths, through symlinks and by more names: who else needs it is asked of the file itself.
CREATE INDEX payloads_file ON payloads (inode, mtime_ns, size_bytes) WHERE place = 'in_place';
