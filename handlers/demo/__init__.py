"""`allout demo`: a made-up city, played through the same doors as a real one."""
