INSERT INTO clauses VALUES ('liability', '[0.9,0.1,0]'), ('venue', '[0,1,0]');
