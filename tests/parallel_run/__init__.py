"""Tests of comparing what two systems bill."""
