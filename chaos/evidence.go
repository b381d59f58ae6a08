package main

import "time"

// evidence is all that was seen of an installation from outside. check says what is wrong with it.
type evidence struct {
	requests []request
	answers  []answer
	harm     []harm
	webs     []string // the names of their processes
	// programs are the mini-programs as they stood at the end.
	programs map[string]*program
}

// request is what somebody asked for over the API, again and again under the same key until there was an answer.
type request struct {
	miniProgram, action, key string
	sent, answered           time.Time
	accepted                 bool
	// recorded says that the web had told at least that it was safe (202); answered is zero when nothing better came.
	recorded bool
	refusal  string
}

// answer is what a host app was told about a user.
type answer struct {
	miniProgram, user string
	web               int
	asked, answered   time.Time
	unknown           bool // there is no such mini-program yet
	version, variant  string
	change            int64
}

// harm is what was done to the installation, and for how long.
type harm struct {
	kind     string // kill, stop, cut, delay, reset, fill
	target   string // a process, a link such as web-1>postgres, or the disk
	from, to time.Time
}

// program is what is known of a mini-program after everything has healed.
type program struct {
	trail    []record  // oldest first
	status   status    // of the API, which reads the catalogue
	workflow status    // of the workflow's query
	run      execution // what Temporal says of the workflow
	answers  []answer  // what each web tells the users
	missing  string    // why something of this could not be had
}

// record is an entry of the audit trail.
type record struct {
	Change   int64     `json:"change"`
	Sequence int       `json:"sequence"`
	Revision int       `json:"revision"`
	Kind     string    `json:"kind"`
	At       time.Time `json:"at"`
	Action   string    `json:"action"`
	Role     string    `json:"role"`
	From     string    `json:"from"`
	To       string    `json:"to"`
	Version  string    `json:"version"`
	Command  struct {
		RequestID string `json:"request_id"`
	} `json:"command"`
	Serving serving `json:"serving"`
}

// serving is what users get.
type serving struct {
	Live      *version `json:"live"`
	Candidate *version `json:"candidate"`
	Percent   float64  `json:"percent"`
	Testers   []string `json:"testers"`
}

type version struct {
	Version string `json:"version"`
}

// status is where a mini-program stands, by API or query.
type status struct {
	State     string   `json:"state"`
	Revision  int      `json:"revision"`
	Live      *version `json:"live"`
	Candidate *version `json:"candidate"`
	Rollout   *struct {
		Stage   int     `json:"stage"`
		Percent float64 `json:"percent"`
		Paused  bool    `json:"paused"`
		Held    bool    `json:"held"`
	} `json:"rollout"`
}

// execution is what Temporal says of a workflow.
type execution struct {
	open bool
	// failing is a task or an activity that is being tried again, or the reason why tasks failed.
	failing string
}
