package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"jsvm"
)

//go:embed http.js
var httpModule string

// patience is how long the guest may take for an answer.
const patience = 2 * time.Second

// request and response are what crosses: each is one object of JavaScript, made or read in one call.
type request struct {
	Method  string            `js:"method"`
	URL     string            `js:"url"`
	Headers map[string]string `js:"headers"`
	Body    string            `js:"body"`
}

type response struct {
	Status  int                 `js:"status"`
	Headers map[string][]string `js:"headers"`
	Body    string              `js:"body"`
}

type address struct {
	Address string `js:"address"`
	Port    int    `js:"port"`
}

// server is Go's HTTP server, with a handler that lives in a context.
type server struct {
	// anyPort: the guest is not given the port that it asks for, but a free one.
	anyPort bool

	iso      *jsvm.Isolate
	js       *jsvm.Context
	http     http.Server
	listener net.Listener
	answer   *jsvm.Object
}

// newServer gives an isolate what a program that serves expects. Each server has its own.
func newServer(anyPort bool) (*server, error) {
	iso, err := jsvm.NewIsolate(&jsvm.IsolateOptions{HeapLimit: 64 << 20})
	if err != nil {
		return nil, err
	}
	s := &server{anyPort: anyPort, iso: iso}
	if err := s.provide(context.Background()); err != nil {
		iso.Close()
		return nil, err
	}
	return s, nil
}

func (s *server) provide(ctx context.Context) (err error) {
	if s.js, err = s.iso.Main(); err != nil {
		return err
	}
	// PartRequire can read files: these are programs that the host trusts.
	parts := jsvm.PartConsole | jsvm.PartTimers | jsvm.PartQueueMicrotask | jsvm.PartRequire
	if err := s.js.Install(parts, &jsvm.InstallOptions{Stdout: os.Stdout, Stderr: os.Stderr}); err != nil {
		return err
	}
	factory, err := s.js.EvalWith(ctx, httpModule, &jsvm.ScriptOptions{Filename: "node:http"})
	if err != nil {
		return err
	}
	defer factory.Object().Close()
	module, err := factory.Object().Call(ctx, jsvm.Undefined, s.listen)
	if err != nil {
		return err
	}
	defer module.Object().Close()
	return s.js.ProvideModule("http", module)
}

// listen is called by the guest's server.listen.
func (s *server) listen(port int, answer *jsvm.Object) (*address, error) {
	if s.listener != nil {
		return nil, fmt.Errorf("listen: one server at a time")
	}
	if s.anyPort {
		port = 0
	}
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return nil, err
	}
	s.listener, s.answer = listener, answer
	s.http.Handler = s
	go func() {
		if err := s.http.Serve(listener); err != http.ErrServerClosed {
			log.Print(err)
		}
	}()
	at := listener.Addr().(*net.TCPAddr)
	return &address{at.IP.String(), at.Port}, nil
}

// ServeHTTP asks the guest. net/http calls it in a goroutine for each request: they take turns in the isolate, and while a
// guest waits for something, others are answered.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	answer, err := s.ask(ctx, r)
	// The handler threw, or took too long: only this request suffers.
	if errors.Is(err, context.DeadlineExceeded) {
		http.Error(w, "the guest took too long", http.StatusServiceUnavailable)
		return
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	for name, values := range answer.Headers {
		w.Header()[http.CanonicalHeaderKey(name)] = values
	}
	w.WriteHeader(answer.Status)
	_, _ = io.WriteString(w, answer.Body)
}

func (s *server) ask(ctx context.Context, r *http.Request) (*response, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return nil, err
	}
	headers := make(map[string]string, len(r.Header))
	for name, values := range r.Header {
		headers[strings.ToLower(name)] = strings.Join(values, ", ")
	}
	promise, err := s.answer.Call(ctx, jsvm.Undefined, request{r.Method, r.URL.RequestURI(), headers, string(body)})
	if err != nil {
		return nil, err
	}
	defer promise.Object().Close()
	answer, err := jsvm.As[response](promise.Await(ctx))
	if err == nil && (answer.Status < 200 || answer.Status > 999) {
		err = fmt.Errorf("the guest's status is %d", answer.Status)
	}
	return &answer, err
}

// run runs a program, which starts to listen.
func (s *server) run(ctx context.Context, filename, program string) error {
	if _, err := s.js.EvalWith(ctx, program, &jsvm.ScriptOptions{Filename: filename}); err != nil {
		return err
	}
	if s.listener == nil {
		return fmt.Errorf("%s does not listen", filename)
	}
	return nil
}

func (s *server) close() {
	// Waits for the requests in flight. Without a listener it does nothing.
	_ = s.http.Shutdown(context.Background())
	if s.answer != nil {
		s.answer.Close()
	}
	s.iso.Close()
}
