// Reports need no script, only their looks.
import "./report/report.css";
