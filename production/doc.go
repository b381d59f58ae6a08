// Package production tests the production shape without containers: the services of docker-compose.yml as processes, with the commands, the
// environment and the files that they have there. It takes minutes and has a build tag of its own: `make production-test`.
package production
