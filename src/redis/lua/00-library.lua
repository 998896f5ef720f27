#!lua name=assay
-- version 24
-- Raise the version with every change of any file in this folder: a loader never replaces a newer library, and
-- test/redis/functions.test.ts holds the version against a digest of the folder.
