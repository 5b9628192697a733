"""Mutation test: does a small wrong change of the code fail a test?"""
