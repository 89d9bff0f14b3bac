"""Tests of the views: values that pages print, badges, and the site as a whole."""
