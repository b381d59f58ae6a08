// Package accounts is about those who are signed in: the people of a development machine, sessions, and what an identity provider granted.
package accounts
