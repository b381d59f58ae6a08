package process_test

import (
	"testing"
)

func TestChildrenDieWithAParentThatIsKilled(t *testing.T) {
	parent, output := start(t, play("parent"))
	parent.Stop(0)
	rest(t, output) // ends only when the child, too, has gone
}
