package access

import "sync"

// Streams bounds how many event streams are open at the same time, of one person and in all. Each holds a connection and
// memory for as long as it lasts.
type Streams struct {
	perPerson, inAll int

	mu   sync.Mutex
	of   map[string]int
	open int
}

// NewStreams allows each person so many, and all together.
func NewStreams(perPerson, inAll int) *Streams {
	return &Streams{perPerson: perPerson, inAll: inAll, of: map[string]int{}}
}

// Open counts one more stream of a person until it is closed.
func (s *Streams) Open(who string) (closed func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.of[who] >= s.perPerson:
		return nil, ErrTooManyStreams
	case s.open >= s.inAll:
		return nil, ErrNoMoreStreams
	}
	s.of[who]++
	s.open++
	return func() { s.close(who) }, nil
}

func (s *Streams) close(who string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open--
	s.of[who]--
	if s.of[who] == 0 {
		delete(s.of, who)
	}
}
