-- What people should look at, open and closed of late.
CREATE TABLE attention (
    id TEXT NOT NULL PRIMARY KEY,
    item TEXT NOT NULL
);
