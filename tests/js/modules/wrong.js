let fine;
let wrong = ;
