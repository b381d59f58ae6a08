package events

import (
	"time"

	"slipway/catalog"
)

// Remembered is how many changes are kept at least.
const Remembered = remembered

// Hurry makes a stream send heartbeats, give up on slow watchers and end after these times.
func (f *Feed) Hurry(heartbeat, writing, longest time.Duration) {
	f.pace = pace{heartbeat, writing, longest}
}

// Add is what Run does with a change.
func (f *Feed) Add(change catalog.Change) { f.add(change) }

// InMemory counts the changes that are kept.
func (f *Feed) InMemory() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.recent)
}
