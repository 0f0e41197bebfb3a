module jsvm

go 1.24
