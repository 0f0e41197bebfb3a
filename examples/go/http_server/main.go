// An HTTP server whose handler is JavaScript: node:vm's example "Running an HTTP server within a VM", as it is there
// (document.js). The server is Go's net/http; the module node:http is what server.go and http.js make of it and give to
// require.
//
//	http_server            serves document.js, then guest.js, on free ports, and sends them requests itself
//	http_server FILE.js    serves that one on the port that it asks for, until Ctrl-C
package main

import (
	"context"
	_ "embed"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"sync"
)

//go:embed document.js
var document string

//go:embed guest.js
var guest string

func main() {
	log.SetFlags(0)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var err error
	if len(os.Args) > 1 {
		err = serve(ctx, os.Args[1])
	} else {
		err = demonstrate(ctx)
	}
	if err != nil {
		log.Fatal(err)
	}
}

func serve(ctx context.Context, filename string) error {
	program, err := os.ReadFile(filename)
	if err != nil {
		return err
	}
	s, err := newServer(false)
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.run(ctx, filename, string(program)); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

func demonstrate(ctx context.Context) error {
	first, err := newServer(true)
	if err != nil {
		return err
	}
	defer first.close()
	if err := first.run(ctx, "document.js", document); err != nil {
		return err
	}
	if err := first.print(http.MethodGet, "/?from=go", ""); err != nil {
		return err
	}

	second, err := newServer(true)
	if err != nil {
		return err
	}
	defer second.close()
	if err := second.run(ctx, "guest.js", guest); err != nil {
		return err
	}
	for _, ask := range []struct{ method, path, body string }{
		{http.MethodPost, "/echo", "shouted, ä too"},
		{http.MethodGet, "/none", ""},
		{http.MethodGet, "/throw", ""},
		{http.MethodGet, "/loop", ""},
		{http.MethodGet, "/later", ""},
	} {
		if err := second.print(ask.method, ask.path, ask.body); err != nil {
			return err
		}
	}
	return second.storm(50)
}

// fetch sends a request.
func (s *server) fetch(method, path, body string) (*http.Response, string, error) {
	request, err := http.NewRequest(method, "http://"+s.listener.Addr().String()+path, strings.NewReader(body))
	if err != nil {
		return nil, "", err
	}
	request.Header.Set("X-Agent", "the example")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return answer, strings.TrimSpace(string(text)), err
}

// print sends a request and prints what comes back.
func (s *server) print(method, path, body string) error {
	answer, text, err := s.fetch(method, path, body)
	if err != nil {
		return err
	}
	fmt.Println(method, path, "is", answer.Status)
	for _, name := range []string{"Content-Type", "X-Agent"} {
		if value := answer.Header.Get(name); value != "" {
			fmt.Printf("  %s: %s\n", name, value)
		}
	}
	fmt.Printf("  %s\n", text)
	return nil
}

// storm sends many requests at once.
func (s *server) storm(count int) error {
	var group sync.WaitGroup
	answers := make(chan string, count)
	for range count {
		group.Add(1)
		go func() {
			defer group.Done()
			if _, text, err := s.fetch(http.MethodGet, "/later", ""); err != nil {
				answers <- err.Error()
			} else {
				answers <- text
			}
		}()
	}
	group.Wait()
	close(answers)
	counts := map[string]int{}
	for answer := range answers {
		counts[answer]++
	}
	fmt.Println("at once:", counts)
	return nil
}
