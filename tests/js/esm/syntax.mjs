let fine;
let x = ;
